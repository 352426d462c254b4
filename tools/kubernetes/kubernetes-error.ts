/** What is wrong and what to do about it, for the person at the terminal. */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError'
}
