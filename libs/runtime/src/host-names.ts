/** The only door to the names of hosts. */
export interface HostNames {
  /**
   * The addresses that a name stands for at the moment, each once, in no order; none when there is no such name. An address stands for itself. How old the answer may be is up to whoever is asked.
   *
   * @throws when nobody can be asked.
   */
  lookUp(hostName: string): Promise<readonly string[]>
}
