import type { Route } from './route.ts'

/** A route that fits a request, and what its `:name` segments hold. */
export interface RouteMatch {
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
}

/**
 * Finds routes by method and path in one walk over the segments. A literal segment goes before a `:name`.
 * Answers undefined for an unknown path, and for a segment that is no valid percent-encoding.
 */
export function createRouteTable(routes: readonly Route[]): (method: string, path: string) => RouteMatch | undefined {
  const root = createNode()
  for (const route of routes) {
    let node = root
    for (const segment of segmentsOf(route.path)) {
      const key = segment.startsWith(':') ? ':' : segment
      let next = node.children.get(key)
      if (next === undefined) {
        next = createNode()
        node.children.set(key, next)
      }
      node = next
    }
    node.routes.set(route.method, route)
  }
  return (method, path) => {
    const segments = segmentsOf(path)
    const route = segments.length > MAX_SEGMENTS ? undefined : find(root, segments, 0, method)
    return route === undefined ? undefined : withParams(route, segments)
  }
}

/** The longest route has far fewer; a walk over more would only serve an attacker. */
const MAX_SEGMENTS = 16

interface Node {
  readonly children: Map<string, Node>
  readonly routes: Map<string, Route>
}

function createNode(): Node {
  return { children: new Map(), routes: new Map() }
}

function segmentsOf(path: string): readonly string[] {
  return path.split('/').slice(1)
}

function find(node: Node, segments: readonly string[], index: number, method: string): Route | undefined {
  const segment = segments[index]
  if (segment === undefined) return node.routes.get(method)
  const literal = segment === ':' ? undefined : node.children.get(segment)
  const found = literal === undefined ? undefined : find(literal, segments, index + 1, method)
  if (found !== undefined) return found
  const named = node.children.get(':')
  return named === undefined || segment === '' ? undefined : find(named, segments, index + 1, method)
}

function withParams(route: Route, segments: readonly string[]): RouteMatch | undefined {
  const params: Record<string, string> = {}
  for (const [index, name] of segmentsOf(route.path).entries()) {
    if (!name.startsWith(':')) continue
    try {
      params[name.slice(1)] = decodeURIComponent(segments[index] ?? '')
    } catch {
      return undefined // not valid percent-encoding: no such resource
    }
  }
  return { route, params }
}
