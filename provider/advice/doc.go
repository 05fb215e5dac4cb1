// Package advice has the words for every way in which an image is not verified. It says what it is called, and what
// the developer and the platform team can do. It is the one table behind denials, the verb verify and the tables of
// the READMEs. The tests in policies and test/readme write it into Rego and Markdown, and compare it.
//
// A developer is told what a developer can do. What only an administrator can do is under Platform.
package advice
