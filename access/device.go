package access

import (
	"crypto/hmac"
	"encoding/base64"
	"strings"
)

// A device token is a long-lived cookie that says: from this browser the login
// succeeded before. Attempts from such a browser are counted apart, so that a
// stranger who guesses passwords of an account, even from the same address,
// never locks its owner out. It opens nothing by itself. The method is OWASP's
// "device cookies".

// NewDevice draws a device token for a login, to be set after it succeeded.
func NewDevice(key []byte, login string) (string, error) {
	if len(key) < minKey {
		return "", errKeyTooShort
	}
	nonce, _, err := NewToken()
	if err != nil {
		return "", err
	}
	return nonce + "." + base64.RawURLEncoding.EncodeToString(mac(key, "device", login, nonce)), nil
}

// CheckDevice returns the name of the device if the token was given for that
// login, and "" otherwise.
func CheckDevice(key []byte, login, token string) string {
	nonce, signature, ok := strings.Cut(token, ".")
	got, err := base64.RawURLEncoding.Strict().DecodeString(signature)
	if !ok || err != nil || len(key) < minKey || !hmac.Equal(got, mac(key, "device", login, nonce)) {
		return ""
	}
	return nonce
}
