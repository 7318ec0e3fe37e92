package pkcs11

var native = windowsLayout
