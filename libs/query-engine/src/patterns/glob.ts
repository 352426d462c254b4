// Loops over arrays: an index below the length is in range, which the compiler cannot see.
import type { WildcardPiece } from '@millrace/query-language/ast'

/** Tests whether a pattern matches a text as a whole. `*` stands for anything, `?` for one character. Never backtracks further than to its last star. */
export function createWholeGlob(pieces: readonly WildcardPiece[]): (text: string) => boolean {
  const atoms = atomsOf(pieces)
  return (text) => {
    const characters = Array.from(text)
    let atom = 0
    let position = 0
    let starAtom = -1
    let starPosition = 0
    while (position < characters.length) {
      const wanted = atoms[atom]
      if (wanted === ANY) {
        starAtom = atom++
        starPosition = position
      } else if (wanted === ONE || (wanted !== undefined && wanted === characters[position])) {
        atom++
        position++
      } else if (starAtom >= 0) {
        atom = starAtom + 1
        position = ++starPosition
      } else return false
    }
    while (atoms[atom] === ANY) atom++
    return atom === atoms.length
  }
}

/**
 * Tests whether some stretch of a folded text matches as a whole, where a stretch cuts no word, and neither `*` nor `?` stands for white space.
 * Follows all possible matches at once, so the time is bounded by text times pattern.
 */
export function createStretchGlob(pieces: readonly WildcardPiece[]): (folded: string) => boolean {
  const atoms = atomsOf(pieces)
  const last = atoms.length
  return (folded) => {
    const characters = Array.from(folded)
    let active = new Uint8Array(last + 1)
    let next = new Uint8Array(last + 1)
    for (let position = 0; position <= characters.length; position++) {
      const isBorder = !(isWordCharacter(characters[position - 1]) && isWordCharacter(characters[position]))
      if (isBorder) active[0] = 1
      for (let state = 0; state < last; state++) if (active[state] === 1 && atoms[state] === ANY) active[state + 1] = 1
      if (isBorder && active[last] === 1) return true
      const character = characters[position]
      if (character === undefined) return false
      const isWild = !WHITE_SPACE.has(character)
      next.fill(0)
      for (let state = 0; state < last; state++) {
        if (active[state] === 0) continue
        const atom = atoms[state]
        if (atom === ANY) next[state]! |= Number(isWild)
        else if (atom === ONE ? isWild : atom === character) next[state + 1] = 1
      }
      ;[active, next] = [next, active]
    }
    return false
  }
}

/** Texts that every match contains. */
export function literalsOf(pieces: readonly WildcardPiece[]): readonly string[] {
  return pieces.flatMap((piece) => (typeof piece === 'object' ? [piece.literal] : []))
}

/** With a star on both sides a literal's own place does not matter. */
export function isSubstringGlob(pieces: readonly WildcardPiece[]): boolean {
  return pieces.length === 3 && pieces[0] === 'any' && typeof pieces[1] === 'object' && pieces[2] === 'any'
}

const ANY = Symbol('any')
const ONE = Symbol('one')
type Atom = string | typeof ANY | typeof ONE

/** One per character. */
function atomsOf(pieces: readonly WildcardPiece[]): readonly Atom[] {
  return pieces.flatMap((piece): readonly Atom[] => (piece === 'any' ? [ANY] : piece === 'one' ? [ONE] : Array.from(piece.literal)))
}

function isWordCharacter(character: string | undefined): boolean {
  return character !== undefined && /^[a-z0-9\u0080-\u{10ffff}]$/u.test(character)
}

const WHITE_SPACE: ReadonlySet<string> = new Set(' \t\n\v\f\r')
