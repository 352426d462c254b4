import { SettingConflictError, type Settings } from '@millrace/catalog/catalog'
import type { TenantId } from '@millrace/event/event'
import type { Random } from '@millrace/runtime/random'

/** A search that a tenant keeps under a name. */
export interface SavedView extends NewView {
  readonly id: string
  /** Grows by one with every change, from 1. */
  readonly version: number
}

export interface NewView {
  readonly name: string
  readonly query: string
  readonly columns: readonly string[]
  /** How far back it looks, such as `15m`. */
  readonly range: string
}

/** The views of every tenant. All of one tenant are one setting, so that a list is one reading, and a change is one conditional write. Every method throws what the catalog throws. */
export interface SavedViews {
  list(tenantId: TenantId): Promise<readonly SavedView[]>
  /** @throws {TooManyViewsError} */
  add(tenantId: TenantId, view: NewView): Promise<SavedView>
  /** Undefined when there is none. @throws {StaleViewError} another version is there. @throws {TooManyViewsError} it would be too long beside the others. */
  replace(tenantId: TenantId, id: string, version: number, view: NewView): Promise<SavedView | undefined>
  /** False when there is none. @throws {StaleViewError} */
  remove(tenantId: TenantId, id: string, version: number): Promise<boolean>
}

/** The view was changed since the caller read it. */
export class StaleViewError extends Error {
  override readonly name = 'StaleViewError'
  readonly code = 'STALE_VIEW'
  readonly retryable = false
}

/** A tenant has as many views, or as long ones, as it may have. */
export class TooManyViewsError extends Error {
  override readonly name = 'TooManyViewsError'
  readonly code = 'TOO_MANY_VIEWS'
  readonly retryable = false
}

export function createSavedViews(settings: Settings, random: Random): SavedViews {
  /** Reads, changes and writes; again when another process wrote in between. */
  async function change<T>(tenantId: TenantId, make: (views: readonly SavedView[]) => { readonly views: readonly SavedView[]; readonly result: T }): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const { views, version } = await read(tenantId)
      const made = make(views)
      if (made.views === views) return made.result
      const text = JSON.stringify(made.views)
      if (made.views.length > MAX_VIEWS || text.length > MAX_VIEWS_LENGTH) throw new TooManyViewsError(`a tenant has at most ${MAX_VIEWS} views, of ${MAX_VIEWS_LENGTH} characters together`)
      try {
        await settings.writeSetting(tenantId, SETTING, text, version)
        return made.result
      } catch (error) {
        if (!(error instanceof SettingConflictError) || attempt === MAX_ATTEMPTS) throw error
      }
    }
  }

  async function read(tenantId: TenantId): Promise<{ readonly views: readonly SavedView[]; readonly version: number }> {
    const setting = await settings.readSetting(tenantId, SETTING)
    return { views: setting === undefined ? [] : (JSON.parse(setting.value) as readonly SavedView[]), version: setting?.version ?? 0 }
  }

  return {
    list: async (tenantId) => (await read(tenantId)).views,
    add: async (tenantId, view) => {
      const added: SavedView = { id: random.text(ID_LENGTH), ...view, version: 1 }
      return await change(tenantId, (views) => ({ views: [...views, added], result: added }))
    },
    replace: async (tenantId, id, version, view) =>
      await change<SavedView | undefined>(tenantId, (views) => {
        const known = find(views, id, version)
        if (known === undefined) return { views, result: undefined }
        const replaced: SavedView = { id, ...view, version: version + 1 }
        return { views: views.map((other) => (other === known ? replaced : other)), result: replaced }
      }),
    remove: async (tenantId, id, version) =>
      await change(tenantId, (views) => {
        const known = find(views, id, version)
        return known === undefined ? { views, result: false } : { views: views.filter((other) => other !== known), result: true }
      }),
  }
}

const SETTING = 'views'
/** A list that people still find something in. */
export const MAX_VIEWS = 100
/** Below what a setting may have. */
export const MAX_VIEWS_LENGTH = 60_000
/** Views are changed by people: two at one moment are rare, and several more are not people. */
const MAX_ATTEMPTS = 5
/** 36 kinds of characters: no two of a tenant ever meet. */
const ID_LENGTH = 12

/** @throws {StaleViewError} */
function find(views: readonly SavedView[], id: string, version: number): SavedView | undefined {
  const known = views.find((view) => view.id === id)
  if (known !== undefined && known.version !== version) throw new StaleViewError(`the view has version ${known.version} by now`)
  return known
}
