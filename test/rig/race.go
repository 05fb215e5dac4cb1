//go:build race

package rig

// raceEnabled tells whether this program was built with the race detector.
const raceEnabled = true
