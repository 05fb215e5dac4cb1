//go:build race

package rig

// RaceEnabled tells whether this program was built with the race detector.
const RaceEnabled = true
