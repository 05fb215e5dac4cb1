// Package verdicts reads verdicts.yaml, which says what external data providers would answer, and makes their responses.
// README.md of policytest tells the format.
//
//   - [Read] reads a [File], strictly.
//   - [File.Scene] is what holds in one case of a suite: [Scene.Answer] for a key, [Scene.Respond] for a request.
//   - [Recorder] writes a file from the answers of live providers.
package verdicts
