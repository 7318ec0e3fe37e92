package token

// WellKnown is where PKCS#11 modules usually lie on this system: SoftHSM,
// OpenSC, SafeNet eToken.
var WellKnown = []string{
	"/opt/homebrew/lib/softhsm/libsofthsm2.so",
	"/usr/local/lib/softhsm/libsofthsm2.so",
	"/Library/OpenSC/lib/opensc-pkcs11.so",
	"/usr/local/lib/libeTPkcs11.dylib",
}
