package token

// WellKnown is where PKCS#11 modules usually lie on this system: SoftHSM,
// OpenSC, SafeNet eToken, Feitian ePass2003.
var WellKnown = []string{
	`C:\SoftHSM2\lib\softhsm2-x64.dll`,
	`C:\Program Files\OpenSC Project\OpenSC\pkcs11\opensc-pkcs11.dll`,
	`C:\Windows\System32\eTPKCS11.dll`,
	`C:\Windows\System32\eps2003csp11.dll`,
}
