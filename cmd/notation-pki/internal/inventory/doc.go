// Package inventory reads certificates, revocation lists and private keys from files, folders and signatures. It puts every
// certificate below its issuer, with its revocation, the rules that it breaks, and other problems.
//
// [Read] returns [Files]; [Files.Build] makes an [Inventory] of them. The network is not used, and no file is changed.
package inventory
