/** The Go modules of this version exist for every part of Kubernetes. */
export const KUBERNETES_VERSION = 'v1.34.4'
/** Built against the client library of {@link KUBERNETES_VERSION}'s neighbours; a cluster DNS is no part of Kubernetes itself. */
export const COREDNS_VERSION = 'v1.14.3'
