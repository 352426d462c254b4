/**
 * What a search means: a tree of conditions on one event. Plain data, so that it crosses threads and prints back to text.
 * docs/design/search-syntax.md says what each condition matches.
 */
export type QueryAst = AllNode | AndNode | OrNode | NotNode | TextNode | TermNode | RangeNode | ExistsNode

/** Every event: `*`, or an empty search. */
export interface AllNode {
  readonly type: 'all'
}

/** All of two or more. Flat: no child is an `and`. */
export interface AndNode {
  readonly type: 'and'
  readonly nodes: readonly QueryAst[]
}

/** Any of two or more. Flat: no child is an `or`. */
export interface OrNode {
  readonly type: 'or'
  readonly nodes: readonly QueryAst[]
}

export interface NotNode {
  readonly type: 'not'
  readonly node: QueryAst
}

/** Words in the message (`scope: 'message'`), or in any string of the event (`*:word`, `scope: 'everywhere'`). Case is folded. */
export interface TextNode {
  readonly type: 'text'
  readonly scope: 'message' | 'everywhere'
  readonly pattern: TextPattern
}

/** The facet has a value that the pattern matches as a whole; `contains` of a regular expression. */
export interface TermNode {
  readonly type: 'term'
  readonly facet: Facet
  readonly pattern: ValuePattern
}

/** The facet has a number, or a string that is one, in the range. An absent bound is open. */
export interface RangeNode {
  readonly type: 'range'
  readonly facet: Facet
  readonly min: RangeBound | undefined
  readonly max: RangeBound | undefined
}

export interface RangeBound {
  readonly value: number
  readonly isInclusive: boolean
}

/** The facet has a value, whatever it is: `@duration:*`. */
export interface ExistsNode {
  readonly type: 'exists'
  readonly facet: Facet
}

/**
 * What a term looks at: a reserved attribute (`service`), an attribute by its column name without the `@` (`http.status_code`, with `\` before
 * a dot or backslash of a key), or a tag's key (`env` finds the tag `env:…`).
 */
export interface Facet {
  readonly kind: 'reserved' | 'attribute' | 'tag'
  readonly name: string
}

/** `exact`: the text itself. `wildcard`: literal pieces with anything (`*`) or one character (`?`) between them. */
export type TextPattern = ExactPattern | WildcardPattern

/** As {@link TextPattern}; `regex`: a regular expression in RE2's syntax, found anywhere in the value. */
export type ValuePattern = ExactPattern | WildcardPattern | RegexPattern

export interface ExactPattern {
  readonly kind: 'exact'
  readonly text: string
  /** True when it was written in quotes. Printing keeps it; matching does not depend on it, but for free text: a quoted one is a phrase. */
  readonly isQuoted: boolean
}

export interface WildcardPattern {
  readonly kind: 'wildcard'
  /** `foo*b?r` = ['foo', ANY, 'b', ONE, 'r']. At least one piece is no text; no two texts are neighbours. */
  readonly pieces: readonly WildcardPiece[]
}

export type WildcardPiece = { readonly literal: string } | 'any' | 'one'

export interface RegexPattern {
  readonly kind: 'regex'
  readonly source: string
}
