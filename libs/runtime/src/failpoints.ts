/** Named places where a test may end the process. In production `hit` does nothing. */
export interface Failpoints {
  hit(name: FailpointName): void
}

export type FailpointName = 'after-append' | 'after-store' | 'inside-commit' | 'inside-sealing'

export const noFailpoints: Failpoints = { hit() {} }
