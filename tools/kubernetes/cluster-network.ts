/** Names and addresses of the one node. All of its own: beside them kind, minikube and Docker go on with theirs. */

export const NODE_NAME = 'millrace'
/** On a bridge that has no other member, so that the node's address stays the same whatever network the machine is in. Servers of the node listen here. */
export const NODE_ADDRESS = '10.245.0.1'
export const NODE_BRIDGE = 'millrace-node'
export const POD_BRIDGE = 'millrace-pods'
/** Of the network in CNI's sense; its iptables rules and state files carry it. */
export const POD_NETWORK = 'millrace'
export const POD_RANGE = '10.244.0.0/24'
export const SERVICE_RANGE = '10.96.0.0/16'
/** The first address of {@link SERVICE_RANGE}: Kubernetes gives it to the API server's own Service. */
export const API_SERVICE_ADDRESS = '10.96.0.1'
export const DNS_SERVICE_ADDRESS = '10.96.0.10'
export const API_URL = `https://${NODE_ADDRESS}:6443`
/** Holds the cgroups of servers and pods, whose members are thereby known as the cluster's. */
export const CGROUP = 'millrace-kubernetes'
