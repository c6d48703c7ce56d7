// DEL and the C1 controls, the bidirectional controls (Unicode UAX #9 section 2), and the two separators that some readers take for line ends.
const UNSAFE = /[\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/;
const ALL_UNSAFE = new RegExp(UNSAFE, 'g');
const GUEST_UNSAFE =
  // oxlint-disable-next-line no-control-regex -- finding control characters is what it is for
  /[\u0000-\u0008\u000A-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/g;

/**
 * Escapes in a line of JSON what JSON lets through but a terminal or an editor acts upon.
 * These characters stand only inside strings there, so the line stays the same JSON.
 */
export function escapeJsonLine(line: string): string {
  if (!UNSAFE.test(line)) return line;
  return line.replace(
    ALL_UNSAFE,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * Makes a guest's text safe to print even after the JSON around it is undone: every control
 * character but the tab becomes visible text such as `\u{1b}`.
 */
export function escapeGuestText(text: string): string {
  return text.replace(GUEST_UNSAFE, (char) => `\\u{${char.charCodeAt(0).toString(16)}}`);
}
