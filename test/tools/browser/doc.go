// Package browser tests the page that notation-provider report -o html makes, in a real Chromium. It tests what the
// page shows, filters, sorts and prints, in light and dark, and by keyboard. The page has 5,000 images, some of
// which have hostile names.
//
// make test-browser runs it. It wants the program chromium, which Debian has as a package of this name.
package browser
