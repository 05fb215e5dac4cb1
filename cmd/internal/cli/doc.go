// Package cli is what every command of the product has in common. It has exit codes, errors of the command line, the flag
// -o, the version, completion, and output without control characters.
//
//   - [Setup] completes a root command: --version and the verb version, help, completion, and usage errors.
//   - [Run] executes it and prints why it failed; [Execute] leaves the printing to its caller.
//   - [UsageError], [Silent] and [ExitError] are errors with an exit code. Any other error means [ExitFailed].
//   - [AddOutput] adds -o; [Choice] adds a flag with a closed set of values, and [Complete] offers them to a shell.
package cli
