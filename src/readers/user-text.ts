/** Control characters, line and paragraph separators, halves of surrogate pairs, private use, and unassigned code points. */
const UNWANTED = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/u;
/** Zero-width, bidirectional and other format characters: with them two texts that look the same would differ. */
const INVISIBLE =
  /[\p{Cf}\u034F\u115F\u1160\u17B4\u17B5\u180B-\u180F\u2800\u3164\uFE00-\uFE0F\uFFA0\u{E0100}-\u{E01EF}]/u;
/** Marks that change the direction in which text is shown, so that a name can look like another one. */
const DIRECTION = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/u;
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

/** Printable ASCII without surrounding blanks. Nearly all labels match, so one test decides. */
const PLAIN_LABEL = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** The fault of a reference or another short text that is searched for; null: none. */
export function faultOfLabel(text: string): string | null {
  if (PLAIN_LABEL.test(text)) return null;
  if (text !== text.trim()) return 'must not begin or end with blanks';
  if (UNWANTED.test(text) || INVISIBLE.test(text)) return 'must not contain control or invisible characters';
  return VISIBLE.test(text) ? null : 'must contain a visible character';
}

/** The fault of a person's name; null: none. Joiners are allowed, because some scripts need them. */
export function faultOfName(text: string): string | null {
  if (text !== text.trim()) return 'must not begin or end with blanks';
  if (UNWANTED.test(text) || DIRECTION.test(text)) return 'must not contain control characters';
  return hasVisibleCharacter(text) ? null : 'must contain a visible character';
}

/** The fault of a text that an operator writes; null: none. Line breaks and tabs are allowed. */
export function faultOfSentence(text: string): string | null {
  if (text !== text.trim()) return 'must not begin or end with blanks';
  if (UNWANTED.test(text.replace(/[\t\r\n]/g, ''))) return 'must not contain control characters';
  return hasVisibleCharacter(text) ? null : 'must contain a visible character';
}

/** A text of characters below U+0300 is always in its composed form. */
const COMPOSABLE = /[\u0300-\uffff]/;

/** The form in which references and passwords are compared: `CAFÉ` is the same reference in NFC and NFD. */
export function comparable(text: string): string {
  return COMPOSABLE.test(text) ? text.normalize('NFC') : text;
}

function hasVisibleCharacter(text: string): boolean {
  return VISIBLE.test(text.replaceAll(/[\u3164\uFFA0\u2800\u115F\u1160]/gu, ''));
}
