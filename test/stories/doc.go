// Package stories has no code of its own: its tests tell what happens on a bad day, a
// registry that is down, trust that is replaced, and what must then hold.
package stories
