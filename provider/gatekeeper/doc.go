// Package gatekeeper speaks Gatekeeper's external data protocol over HTTP: it
// reads a bounded, well-formed ProviderRequest into keys and maps findings onto a
// ProviderResponse. It is steps 2 and 10 of a request's life, and the one place
// where a verdict becomes an answer.
//
// Gatekeeper caches every item, value or error, for minutes, and never a system error.
// So a settled verdict becomes an item. An undecided image is named in systemError, and
// its key is left out of the items:
//
//	verified   item with a value
//	refused    item with an error "<reason>: [<image>@<digest>: ]<detail>"
//	undecided  no item; "undecided: <key>: <cause>: <detail>; …" in systemError, and
//	           "; request <ID>" behind the detail of a fault of ours
package gatekeeper
