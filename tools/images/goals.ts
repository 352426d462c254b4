/** What a user may expect of each app's image; told wherever it is measured. */

/** A node pulls an image before its first pod starts. */
export const MAX_IMAGE_BYTES = 250e6
/** From the start to the first 200 of /readyz: a rolling update, and a pod that crashed, wait for it. */
export const MAX_START_MS = 3000
/** RSS with nothing to do: what a namespace pays for each replica before anything is sent. */
export const MAX_IDLE_BYTES = 150e6
