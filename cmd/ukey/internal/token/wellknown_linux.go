package token

// WellKnown is where PKCS#11 modules usually lie on this system: SoftHSM,
// OpenSC, SafeNet eToken.
var WellKnown = []string{
	"/usr/lib/softhsm/libsofthsm2.so",
	"/usr/lib64/softhsm/libsofthsm2.so",
	"/usr/local/lib/softhsm/libsofthsm2.so",
	"/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so",
	"/usr/lib/aarch64-linux-gnu/opensc-pkcs11.so",
	"/usr/lib64/opensc-pkcs11.so",
	"/usr/lib/opensc-pkcs11.so",
	"/usr/lib/libeTPkcs11.so",
	"/usr/lib64/libeTPkcs11.so",
}
