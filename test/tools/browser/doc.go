// Package browser tests the page that notation-provider report -o html makes, in a real Chromium: what it shows, filters,
// sorts and prints, in light and dark, by keyboard, with 5,000 images, some of which have hostile names.
//
// make test-browser runs it. It wants the program chromium, which Debian has as a package of this name.
package browser
