// Package gatekeeper speaks Gatekeeper's external data protocol over HTTP: it
// reads a bounded, well-formed ProviderRequest into keys and maps findings onto a
// ProviderResponse. It is steps 2 and 10 of the walk, and the one place where
// what we know becomes what others see.
//
// Gatekeeper remembers every item it is sent, value or error, for minutes, and
// never a system error. So what is settled goes into items, and ignorance goes
// into systemError with its key left out:
//
//	verified   item with a value
//	refused    item with an error "<reason>: [<image>@<digest>: ]<detail>"
//	undecided  no item; "undecided: <key>: <cause>: <detail>; …" in systemError
package gatekeeper
