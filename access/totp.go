package access

import (
	"bytes"
	"crypto/subtle"
	"fmt"
	"image/png"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

const (
	totpPeriod = 30 // seconds, what authenticator apps assume
	totpSecret = 20 // bytes, the size that RFC 4226 recommends
)

var totpOptions = totp.ValidateOpts{Period: totpPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// NewTOTPSecret draws the secret of a second factor, in base32.
func NewTOTPSecret() (string, error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "-", AccountName: "-", SecretSize: totpSecret})
	if err != nil {
		return "", fmt.Errorf("draw one-time code secret: %w", err)
	}
	return key.Secret(), nil
}

// TOTPAddress returns the otpauth:// address of a secret, for authenticator
// apps. issuer and login are what the app shows.
func TOTPAddress(issuer, login, secret string) string {
	// Apps disagree on how a plus sign is read: spaces are written %20.
	query := strings.ReplaceAll(url.Values{
		"secret": {secret}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {fmt.Sprint(totpPeriod)},
	}.Encode(), "+", "%20")
	address := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + login, RawQuery: query}
	return address.String()
}

// TOTPImage returns the QR code of an otpauth:// address as PNG, with sides of
// that many pixels.
func TOTPImage(address string, pixels int) ([]byte, error) { return codeImage(address, pixels) }

// LinkImage returns the QR code of a link as PNG, like TOTPImage: a telephone
// opens it.
func LinkImage(link string, pixels int) ([]byte, error) { return codeImage(link, pixels) }

// codeImage draws an address of any kind: a key of the library is one.
func codeImage(address string, pixels int) ([]byte, error) {
	key, err := otp.NewKeyFromURL(address)
	if err != nil {
		return nil, fmt.Errorf("draw QR code: %w", err)
	}
	picture, err := key.Image(pixels, pixels)
	if err != nil {
		return nil, fmt.Errorf("draw QR code: %w", err)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		return nil, fmt.Errorf("draw QR code: %w", err)
	}
	return out.Bytes(), nil
}

// TOTPCode returns the code of a secret at an instant.
func TOTPCode(secret string, at time.Time) (string, error) {
	code, err := totp.GenerateCodeCustom(secret, at, totpOptions)
	if err != nil {
		return "", fmt.Errorf("compute one-time code: %w", err)
	}
	return code, nil
}

// VerifyTOTP checks a code at an instant, with one step of thirty seconds of
// tolerance either way. It returns the step that the code belongs to: a step
// serves once, which storage enforces. Spaces in the code are ignored.
func VerifyTOTP(secret, code string, at time.Time) (step int64, ok bool, err error) {
	code = strings.Join(strings.Fields(normalize(code)), "")
	now := at.Unix() / totpPeriod
	for _, candidate := range []int64{now - 1, now, now + 1} {
		want, err := TOTPCode(secret, time.Unix(candidate*totpPeriod, 0))
		if err != nil {
			return 0, false, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = candidate, true
		}
	}
	return step, ok, nil
}
