// Package images reaches an image in its registry, for a CA's command line. It tells which digest a name stands for and
// which notation signatures it has, and adds one more.
//
//   - [AddFlags] are the flags that say how to reach a registry.
//   - [Options.Open] reads a reference and opens its repository; nothing is asked of the registry yet.
//   - [Image.Resolve] asks once, so that all that follows is about one digest though the tag may move.
//   - [Image.Signatures] lists what is there; nothing is verified.
//   - [Image.Target] is what [notation.Sign] signs and pushes to.
package images
