/** The steps of a run in their order, each with its time; the one that is under way names what is seen meanwhile. */
export interface Steps {
  /** Runs a step, and says how long it took. */
  step<Value>(name: string, run: () => Promise<Value>): Promise<Value>
  /** The name of the step under way. */
  current(): string
  readonly tookMs: ReadonlyMap<string, number>
}

export function createSteps(say: (line: string) => void): Steps {
  const tookMs = new Map<string, number>()
  const beganMs = performance.now()
  let current = ''
  return {
    tookMs,
    current: () => current,
    async step(name, run) {
      current = name
      const startedMs = performance.now()
      try {
        const value = await run()
        say(`${seconds(performance.now() - beganMs)} ${name}: ${seconds(performance.now() - startedMs).trim()}`)
        return value
      } catch (error) {
        say(`${seconds(performance.now() - beganMs)} ${name}: failed after ${seconds(performance.now() - startedMs).trim()}`)
        throw error
      } finally {
        tookMs.set(name, performance.now() - startedMs)
      }
    },
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`.padStart(8)
}
