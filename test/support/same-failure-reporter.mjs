/** A failure begins with `  ● title`, between the codes of its color on a terminal. */
const COLOR = '(?:\\u001b\\[\\d+m)*';
const FAILURE = new RegExp(`^(?=${COLOR}  ${COLOR}● )`, 'm');
const TITLES_SHOWN = 10;

/**
 * Prints an error once when many tests of a file have it. jest gives the error of a `beforeAll` to each test below it,
 * and would print it with each. All of these tests still count as failed.
 */
export default class SameFailureReporter {
  /** Runs before jest's own reporters, which print `failureMessage` unchanged. */
  onTestResult(_test, result) {
    if (result.failureMessage) result.failureMessage = mergeSameFailures(result.failureMessage);
  }
}

function mergeSameFailures(text) {
  const titlesByError = new Map();
  for (const failure of text.split(FAILURE)) {
    const titleEnd = failure.indexOf('\n');
    const error = failure.slice(titleEnd).trimEnd();
    titlesByError.set(error, [...(titlesByError.get(error) ?? []), failure.slice(0, titleEnd)]);
  }
  return [...titlesByError].map(([error, titles]) => `${listed(titles)}${error}\n\n`).join('');
}

function listed(titles) {
  const hidden = titles.length - TITLES_SHOWN;
  const lines = hidden > 0 ? [...titles.slice(0, TITLES_SHOWN), `  ● … and ${hidden} more tests`] : titles;
  return lines.join('\n');
}
