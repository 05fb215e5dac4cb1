// Package workload reads Kubernetes objects, as kubectl prints them, and finds the images that they use.
//
//   - [Reader] reads JSON and YAML: objects, lists and several documents, within bounds. JSON is read object by object, so
//     that the pods of a large cluster need not be in memory.
//   - [Uses] are the images of one object, wherever a pod's spec can stand in it. They are those that the policies find
//     (policies/lib/review): a test compares the two.
package workload
