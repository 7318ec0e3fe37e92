//go:build linux || darwin

package pkcs11

var native = unixLayout
