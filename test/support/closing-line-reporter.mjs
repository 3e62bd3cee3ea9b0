/**
 * Prints `N passed, N failed` alone on the last line, the line that CI reads. A test file that could not run at all
 * counts as one failure: its tests are not in jest's numbers, and without it a broken import would look like success.
 * So does an error outside every test, and a run in which nothing was tested.
 */
export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    const outside = results.runExecError === undefined ? 0 : 1;
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites + outside;
    const nothingRan = results.numTotalTests === 0 && failed === 0 ? 1 : 0;
    // After the summary of the default reporter, which goes to stderr: both streams often end in one file.
    process.once('exit', () => {
      process.stdout.write(`\n${results.numPassedTests} passed, ${failed + nothingRan} failed\n`);
    });
  }
}
