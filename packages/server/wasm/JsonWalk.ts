/**
 * Walks JSON text (RFC 8259) by sixteen bytes at a time. AssemblyScript: `npm run wasm` compiles it into
 * `src/model/JsonWalkCode.ts`, and a test says when the two differ.
 *
 * It is the whole grammar and nothing else: which names matter is `model/JsonPlaces.ts`. Text comes in pieces, at 1024
 * in memory; behind the largest piece and its tail, at 98304, lie tables of letters, written by the host, each of which
 * says for each first letter and each length the second letters of names that may be of interest, letters by their five
 * low bits. What lies between two calls (state, depth, open brackets, what is watched, the tail that was not taken) is
 * kept by the caller, so one instance serves every request. Memory behind the piece is zeroed here: zero is no byte of
 * any token, so every loop ends there and none asks for the length.
 */

/** The byte that closes the value open at each depth; 0 at depth 0. */
const NESTING: u32 = 0

/** What may come next. Odd where the value may also be closed at once. */
const Value = 0
const ValueOrEnd = 1
const Name = 2
const NameOrEnd = 3
const AfterName = 4
const AfterValue = 5
const Done = 6
const InText = 7
const InName = 8

/**
 * Why a walk has stopped: nothing is left; this is no JSON; a name at a depth that is watched; a wanted value, which
 * is a text, an object or a list that is not empty (now open), or another; what was watched is closed.
 */
const More = 0
const Bad = 1
const FoundName = 2
const FoundText = 3
const FoundOpen = 4
const FoundOther = 5
const Left = 6

/** Nesting that no API needs and that deep parsers refuse. */
const MOST_DEPTH: u32 = 500
/**
 * The longest name that is reported; the longest text that is, and the longest number. Longer names and texts matter
 * to nobody, longer numbers are refused. The tail of a piece is at most this long.
 */
const LONGEST_NAME: u32 = 144
const LONGEST_TEXT: u32 = 6400

/** How many elements of a list are read one by one after they could not be read blockwise. */
const PAUSE = 16

const QUOTE: u32 = 0x22
const COMMA: u32 = 0x2c
const COLON: u32 = 0x3a
const BACKSLASH: u32 = 0x5c
const OPEN_ARRAY: u32 = 0x5b
const CLOSE_ARRAY: u32 = 0x5d
const OPEN_OBJECT: u32 = 0x7b
const CLOSE_OBJECT: u32 = 0x7d

/**
 * What the host sets before each call and reads after it, words of 32 bits side by side in memory: an exported global
 * would cost the host a call each time.
 */
const WORDS: u32 = 512
/** State of the text that is being read, and how deep it is. */
const STATE: u32 = WORDS
const DEPTH: u32 = WORDS + 4
/** Whether the next value is reported. */
const WANTED: u32 = WORDS + 8
/** The depth at which names are reported: those that may be of interest, or all; 0 for none. */
const NAMES: u32 = WORDS + 12
const ALL_NAMES: u32 = WORDS + 16
/** The table of letters that says which names may be of interest. */
const TABLE: u32 = WORDS + 20
/** The depth of a list whose elements are reported; 0 for none. */
const ELEMENTS: u32 = WORDS + 24
/** The depth whose end is reported; that of the outermost value always is. */
const FLOOR: u32 = WORDS + 28
/** How many objects and lists were opened at the depth of `NAMES` without being reported. */
const OPENED: u32 = WORDS + 32
/** Where the walk has stopped. What lies between it and the end of the piece belongs before the next piece. */
const AT: u32 = WORDS + 36
/** Where the name or text that was found begins; it ends one before `AT`. */
const START: u32 = WORDS + 40

function byteAt(i: u32): u32 {
  return load<u8>(i)
}

function isSpace(byte: u32): bool {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function isDigit(byte: u32): bool {
  return byte - 0x30 <= 9
}

function isHex(byte: u32): bool {
  return byte - 0x30 <= 9 || (byte | 0x20) - 0x61 <= 5
}

/** Whether a backslash and this make an escape, `u` apart. */
function isShortEscape(byte: u32): bool {
  return byte === 0x6e || byte === QUOTE || byte === BACKSLASH || byte === 0x74 || byte === 0x2f || byte === 0x72 ||
    byte === 0x62 || byte === 0x66
}

function equal(block: v128, byte: u8): u32 {
  return i8x16.bitmask(i8x16.eq(block, i8x16.splat(byte)))
}

function within(block: v128, from: u8, width: u8): u32 {
  return i8x16.bitmask(i8x16.le_u(i8x16.sub(block, i8x16.splat(from)), i8x16.splat(width)))
}

/** The first byte from `i` on that is no white space; `i` is some. */
function skipSpace(i: u32): u32 {
  let next = i + 1
  if (byteAt(next) > 0x20) return next
  while (true) {
    const block = v128.load(next)
    const space: u32 = i8x16.bitmask(v128.or(
      v128.or(i8x16.eq(block, i8x16.splat(0x20)), i8x16.eq(block, i8x16.splat(0x0a))),
      v128.or(i8x16.eq(block, i8x16.splat(0x0d)), i8x16.eq(block, i8x16.splat(0x09)))
    ))
    if (space !== 0xffff) return next + ctz(~space)
    next += 16
  }
}

/** The first byte from `i` on that cannot stand in a text as it is: quote, backslash, control character. */
function skipPlain(i: u32): u32 {
  let next = i
  while (true) {
    const block = v128.load(next)
    const stop: u32 = i8x16.bitmask(v128.or(
      v128.or(i8x16.eq(block, i8x16.splat(0x22)), i8x16.eq(block, i8x16.splat(0x5c))),
      i8x16.lt_u(block, i8x16.splat(0x20))
    ))
    if (stop !== 0) return next + ctz(stop)
    next += 16
  }
}

/** The first byte from `i` on that is no digit. */
function skipDigits(i: u32): u32 {
  let next = i
  while (true) {
    const digits = within(v128.load(next), 0x30, 9)
    if (digits !== 0xffff) return next + ctz(~digits)
    next += 16
  }
}

/** Of some backslashes those that begin an escape, and in bit 16 whether the last one's other half is still to come. */
function escapes(backslashes: u32, isEscaped: u32): u32 {
  // Odd runs of backslashes, found by the carry of a subtraction (as in Keiser and Lemire's simdjson).
  const odd: u32 = 0xaaaaaaaa
  const candidates = backslashes & ~isEscaped
  const marks = ((candidates << 1 | odd) - candidates) ^ odd
  return marks & backslashes & 0xffff | (marks & backslashes & 0x8000) << 1
}

/**
 * From a backslash inside a text, blockwise over good escapes. Answers the closing quote, or a place outside any
 * escape from which to go on one by one; that is `i` itself when its escape is bad or cut.
 */
function skipEscapes(i: u32): u32 {
  let next = i
  let safe = i
  let isEscaped: u32 = 0
  let hexDue: u32 = 0
  while (true) {
    const block = v128.load(next)
    const backslashes = equal(block, 0x5c)
    if ((backslashes | isEscaped | hexDue) === 0) return next
    const begins = escapes(backslashes, isEscaped)
    const escaped = (begins << 1 | isEscaped) & 0xffff
    const quotes = equal(block, 0x22)
    const unicode = equal(block, 0x75) & escaped
    const good = unicode | quotes | backslashes | equal(block, 0x2f) | equal(block, 0x62) | equal(block, 0x66) |
      equal(block, 0x6e) | equal(block, 0x72) | equal(block, 0x74)
    const hex = within(block, 0x30, 9) | within(v128.or(block, i8x16.splat(0x20)), 0x61, 5)
    const due = unicode << 1 | unicode << 2 | unicode << 3 | unicode << 4 | hexDue
    const control: u32 = i8x16.bitmask(i8x16.lt_u(block, i8x16.splat(0x20)))
    const wrong = control | (escaped & ~good) | (due & 0xffff & ~hex)
    const ends = quotes & ~escaped
    if ((ends | wrong) !== 0) {
      const end = ends & -ends
      return end !== 0 && (wrong & (end | end - 1)) === 0 ? next + ctz(end) : safe
    }
    isEscaped = begins >>> 16
    hexDue = due >>> 16
    next += 16
    if ((isEscaped | hexDue) === 0) safe = next
  }
}

/** From inside a text to its quote, or to the first byte that is not understood: a control character, a bad or cut escape. */
function endOfText(i: u32): u32 {
  let next = i
  while (true) {
    next = skipPlain(next)
    if (byteAt(next) !== BACKSLASH) return next
    const safe = skipEscapes(next)
    if (safe !== next) next = safe
    else {
      const escape = byteAt(next + 1)
      if (isShortEscape(escape)) next += 2
      else if (
        escape === 0x75 && isHex(byteAt(next + 2)) && isHex(byteAt(next + 3)) && isHex(byteAt(next + 4)) &&
        isHex(byteAt(next + 5))
      ) next += 6
      else return next
    }
  }
}

/** Whether the text that stops at `i` may go on in the next piece. */
function isCutText(i: u32, to: u32): bool {
  if (i >= to) return true
  if (byteAt(i) !== BACKSLASH) return false
  return i + 1 >= to || (byteAt(i + 1) === 0x75 && i + 6 > to)
}

/** The end of the number at `i`; 0 when there is none, or the piece ends before it does. */
function endOfNumber(i: u32): u32 {
  let next = i
  let byte = byteAt(next)
  if (byte === 0x2d) byte = byteAt(++next)
  if (byte - 0x31 <= 8) next = skipDigits(next + 1)
  else if (byte === 0x30) next++
  else return 0
  byte = byteAt(next)
  if (byte === COMMA || byte === CLOSE_ARRAY) return next
  if (byte === 0x2e) {
    if (!isDigit(byteAt(next + 1))) return 0
    next = skipDigits(next + 2)
    byte = byteAt(next)
  }
  if (byte === 0x65 || byte === 0x45) {
    byte = byteAt(++next)
    if (byte === 0x2b || byte === 0x2d) byte = byteAt(++next)
    if (!isDigit(byte)) return 0
    next = skipDigits(next + 1)
    byte = byteAt(next)
  }
  return byte === 0 ? 0 : next
}

/** The end of `true`, `false` or `null` at `i`; 0 when it is none of them. */
function endOfLiteral(i: u32): u32 {
  const word = load<u32>(i)
  if (word === 0x65757274 || word === 0x6c6c756e) return i + 4
  return word === 0x736c6166 && byteAt(i + 4) === 0x65 ? i + 5 : 0
}

/** Whether the number or literal at `i` may be whole with the next piece. */
function isCutWord(i: u32, to: u32): bool {
  let next = i
  while (true) {
    const byte = byteAt(next)
    if (!isDigit(byte) && (byte | 0x20) - 0x61 >= 26 && byte !== 0x2b && byte !== 0x2d && byte !== 0x2e) break
    next++
  }
  return next >= to
}

/**
 * Over a list of whole numbers of no sign, from the first byte of one, a space after the comma or none. Answers the
 * first byte of the last one that begins in what was looked at, which is good up to there.
 */
function skipIntegers(i: u32): u32 {
  let next = i
  let last = i
  let begin: u32 = 1
  let afterComma: u32 = 0
  let afterZero: u32 = 0
  while (true) {
    const block = v128.load(next)
    const digits = within(block, 0x30, 9)
    const commas = equal(block, 0x2c)
    const spaces = equal(block, 0x20)
    const follows = commas << 1 | afterComma
    const begins = (follows & ~spaces) | spaces << 1 | begin
    const zeros = (equal(block, 0x30) & begins) << 1 | afterZero
    if ((digits | commas | spaces) !== 0xffff) return last
    if (((begins & ~digits) | (zeros & digits) | (spaces & ~follows)) & 0xffff) return last
    begin = spaces >>> 15
    afterComma = commas >>> 15
    afterZero = zeros >>> 16
    const first = begins & 0xffff
    if (first === 0) return last
    last = next + 31 - clz(first)
    next += 16
  }
}

/** The same over a list of short texts without escapes, from the quote of one. */
function skipTexts(i: u32): u32 {
  let next = i
  let last = i
  let inside: u32 = 0
  let begin: u32 = 1
  let afterQuote: u32 = 0
  let afterComma: u32 = 0
  while (true) {
    const block = v128.load(next)
    const quotes = equal(block, 0x22)
    const strange = equal(block, 0x5c) | i8x16.bitmask(i8x16.lt_u(block, i8x16.splat(0x20)))
    if (strange !== 0 || quotes === 0) return last
    let text = quotes ^ quotes << 1
    text ^= text << 2
    text ^= text << 4
    text = (text ^ text << 8 ^ inside) & 0xffff
    const opens = quotes & text
    const closes = quotes & ~text
    const outside = ~text & ~quotes & 0xffff
    const commas = equal(block, 0x2c) & outside
    const spaces = equal(block, 0x20) & outside
    const follows = commas << 1 | afterComma
    if ((commas | spaces) !== outside || ((closes << 1 | afterQuote) & 0xffff) !== commas) return last
    if ((spaces & ~follows) !== 0 || (((follows & ~spaces) | spaces << 1 | begin) & 0xffff) !== opens) return last
    inside = text & 0x8000 ? 0xffff : 0
    begin = spaces >>> 15
    afterQuote = closes >>> 15
    afterComma = commas >>> 15
    if (opens !== 0) last = next + 31 - clz(opens)
    next += 16
  }
}

/** Whether a name of this length that begins so could be one of those that the caller looks for. */
function isOfInterest(table: u32, first: u32, second: u32, length: u32): bool {
  // A letter of another script may stand for one of ours.
  if ((first | second) >= 0x80) return true
  return length < 64 && (load<u32>(table + ((first & 0x1f) << 8) + (length << 2)) >> (second & 0x1f) & 1) !== 0
}

function stop(i: u32, next: i32, level: u32, why: i32): i32 {
  store<u32>(AT, i)
  store<i32>(STATE, next)
  store<u32>(DEPTH, level)
  return why
}

/** Walks the piece that ends before `to`, from `at` on, and answers why it stops. */
export function walk(to: u32): i32 {
  v128.store(to, i8x16.splat(0))
  v128.store(to + 16, i8x16.splat(0))
  let i = load<u32>(AT)
  let next = load<i32>(STATE)
  let level = load<u32>(DEPTH)
  let close = byteAt(NESTING + level)
  const named = load<u32>(NAMES)
  const table = load<u32>(TABLE)
  // The value that is wanted comes next, so it stands at this depth.
  const reported = load<u32>(WANTED) !== 0 ? level : load<u32>(ELEMENTS)
  const lowest = load<u32>(FLOOR)
  let pause = 0
  if (next === InText || next === InName) {
    const end = endOfText(i)
    if (byteAt(end) !== QUOTE) return stop(end, next, level, isCutText(end, to) ? More : Bad)
    next = next === InName ? AfterName : level === 0 ? Done : AfterValue
    i = end + 1
  }
  while (true) {
    let byte = byteAt(i)
    if (byte <= 0x20 && isSpace(byte)) {
      i = skipSpace(i)
      byte = byteAt(i)
    }
    if (i >= to) return stop(i, next, level, More)
    if (next === Name || next === NameOrEnd) {
      if (byte === QUOTE) {
        const end = endOfText(i + 1)
        if (byteAt(end) !== QUOTE) {
          if (!isCutText(end, to)) return stop(i, next, level, Bad)
          // What may be of interest is read in one piece.
          if (level === named && to - i <= LONGEST_NAME + 1) return stop(i, next, level, More)
          return level === named && load<u32>(ALL_NAMES) !== 0
            ? stop(i, next, level, Bad)
            : stop(end, InName, level, More)
        }
        const length = end - i - 1
        if (level === named) {
          if (length > LONGEST_NAME) {
            if (load<u32>(ALL_NAMES) !== 0) return stop(i, next, level, Bad)
          } else if (
            load<u32>(ALL_NAMES) !== 0 || isOfInterest(table, byteAt(i + 1), byteAt(i + 2), length) ||
            skipPlain(i + 1) !== end
          ) {
            store<u32>(START, i + 1)
            return stop(end + 1, AfterName, level, FoundName)
          }
        }
        next = AfterName
        i = end + 1
        byte = byteAt(i)
        if (byte !== COLON) continue
      } else if (byte !== CLOSE_OBJECT || next === Name) return stop(i, next, level, Bad)
    }
    if (next === AfterName) {
      if (byte !== COLON) return stop(i, next, level, Bad)
      next = Value
      byte = byteAt(++i)
      if (byte <= 0x20) {
        if (isSpace(byte)) {
          i = skipSpace(i)
          byte = byteAt(i)
        }
        if (i >= to) return stop(i, next, level, More)
      }
    }
    if (next <= NameOrEnd) {
      if (level === reported && (byte !== close || (next & 1) === 0)) {
        if (byte === QUOTE) {
          const end = endOfText(i + 1)
          if (byteAt(end) === QUOTE) {
            store<u32>(START, i + 1)
            store<u32>(WANTED, 0)
            return stop(end + 1, level === 0 ? Done : AfterValue, level, FoundText)
          }
          return stop(i, next, level, isCutText(end, to) && to - i <= LONGEST_TEXT ? More : Bad)
        }
        if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
          if (level === MOST_DEPTH) return stop(i, next, level, Bad)
          store<u32>(WANTED, 0)
          store<u8>(NESTING + ++level, byte + 2)
          return stop(i + 1, byte === OPEN_OBJECT ? NameOrEnd : ValueOrEnd, level, FoundOpen)
        }
        const end = byte <= 0x39 ? endOfNumber(i) : endOfLiteral(i)
        if (end === 0 || end - i > LONGEST_TEXT) {
          return stop(i, next, level, end === 0 && isCutWord(i, to) && to - i <= LONGEST_TEXT ? More : Bad)
        }
        store<u32>(START, i)
        store<u32>(WANTED, 0)
        return stop(end, level === 0 ? Done : AfterValue, level, FoundOther)
      }
      if (byte === QUOTE) {
        if (close === CLOSE_ARRAY && --pause < 0) {
          const last = skipTexts(i)
          if (last !== i) next = Value
          else pause = PAUSE
          i = last
        }
        const end = endOfText(i + 1)
        if (byteAt(end) !== QUOTE) {
          return isCutText(end, to) ? stop(end, InText, level, More) : stop(i, next, level, Bad)
        }
        i = end + 1
      } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (level === MOST_DEPTH) return stop(i, next, level, Bad)
        const second = byteAt(i + 1)
        // `{` and `}`, `[` and `]` lie two apart.
        if (second === byte + 2) i += 2
        else {
          close = byte + 2
          store<u8>(NESTING + ++level, close)
          if (level === named) store<u32>(OPENED, load<u32>(OPENED) + 1)
          next = byte === OPEN_OBJECT ? NameOrEnd : ValueOrEnd
          i++
          if (second === OPEN_ARRAY && byte === OPEN_ARRAY) {
            // Lists in lists: of all but the innermost nothing else is asked.
            while (byteAt(i + 1) === OPEN_ARRAY && level !== reported && level !== MOST_DEPTH) {
              store<u8>(NESTING + ++level, CLOSE_ARRAY)
              if (level === named) store<u32>(OPENED, load<u32>(OPENED) + 1)
              i++
            }
          }
          continue
        }
      } else if (byte !== close || (next & 1) === 0) {
        if (close === CLOSE_ARRAY && isDigit(byte) && --pause < 0) {
          const last = skipIntegers(i)
          if (last !== i) next = Value
          else pause = PAUSE
          i = last
        }
        const end = byteAt(i) <= 0x39 ? endOfNumber(i) : endOfLiteral(i)
        if (end === 0 || end - i > LONGEST_TEXT) {
          return stop(i, next, level, end === 0 && isCutWord(i, to) && to - i <= LONGEST_TEXT ? More : Bad)
        }
        i = end
      }
      next = level === 0 ? Done : AfterValue
      byte = byteAt(i)
    }
    if (next === Done) {
      if (byte <= 0x20 && (isSpace(byte) || i >= to)) continue
      return stop(i, next, level, Bad)
    }
    while (true) {
      if (byte === COMMA) {
        next = close === CLOSE_OBJECT ? Name : Value
        i++
        break
      }
      if (byte === close) {
        close = byteAt(NESTING + --level)
        i++
        if (level < lowest) return stop(i, level === 0 ? Done : AfterValue, level, Left)
        byte = byteAt(i)
      } else if (isSpace(byte)) {
        i = skipSpace(i)
        byte = byteAt(i)
      } else return stop(i, next, level, i >= to ? More : Bad)
    }
  }
}
