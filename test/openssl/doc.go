// Package openssl has no code of its own. Its tests hold notation-pki and its package against openssl, the tool that
// most CAs were made with, by turns one making what the other reads.
//
// They run whatever openssl is on the PATH, of version 3. Where there is none they are skipped, but in CI they fail.
package openssl
