import type { KeyEntry, Scope, Tenants } from '@millrace/catalog/catalog'
import type { TenantId } from '@millrace/event/event'
import type { Clock } from '@millrace/runtime/clock'
import type { Random } from '@millrace/runtime/random'
import { hashOfKey } from './hash-of-key.ts'

/** What keys are made from. */
export interface KeyMaker {
  readonly tenants: Tenants
  readonly random: Random
  readonly clock: Clock
}

export interface NewKey {
  /** Undefined for an admin key. */
  readonly tenantId: TenantId | undefined
  readonly scopes: readonly Scope[]
  /** For people; may be empty. */
  readonly name: string
}

/** Makes a key. Answers its text, which is kept nowhere. */
export async function createKey({ tenants, random, clock }: KeyMaker, { tenantId, scopes, name }: NewKey, text = newKey(random)): Promise<{ readonly text: string; readonly entry: KeyEntry }> {
  const entry: KeyEntry = { hash: hashOfKey(text), tenantId, scopes, ...(name === '' ? {} : { name }), createdMs: Math.trunc(clock.nowMs()) }
  await tenants.putKey(entry)
  return { text, entry }
}

/** 40 characters of 36 kinds: 206 random bits. */
export function newKey(random: Random): string {
  return `mr_${random.text(40)}`
}

/** How people name a key: the beginning of its hash, 64 bits. It opens nothing. */
export function keyIdOf({ hash }: Pick<KeyEntry, 'hash'>): string {
  return hash.slice(0, KEY_ID_LENGTH)
}

const KEY_ID_LENGTH = 16
