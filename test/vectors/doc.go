// Package vectors reads the cases that stand in *.txtar beside it, one a file, and sets up the world that each speaks of.
//
// A case climbs every rung: the verifier in the process, and the real server over mutual TLS. README.md tells the format.
// A new threat is one new file and no code.
//
//   - [Load] and [Parse] read cases, strictly: what they do not know is an error that names it.
//   - [Set] makes the [Scene] of a case in a [rig.Env]: registries, signed images, trust files, configuration.
//   - [Scene.Break] sets the faults; [Scene.Questions] are what to ask, and what to expect.
package vectors
