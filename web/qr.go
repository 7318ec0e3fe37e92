package web

import (
	"encoding/base64"

	"unireg/access"
)

// qrPixels is the width of a QR code, twice what pages show for sharp screens.
const qrPixels = 400

// linkQR is an address as a QR code, for the source of an image.
func linkQR(address string) (string, error) {
	picture, err := access.LinkImage(address, qrPixels)
	return inlined(picture), err
}

// inlined is a PNG as the source of an image.
func inlined(picture []byte) string {
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(picture)
}
