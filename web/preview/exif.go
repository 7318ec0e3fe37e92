package preview

import (
	"bytes"
	"encoding/binary"
)

// orientation reads from the head of a JPEG how its camera was held: 1 to 8
// after Exif 2.3, tag 0x0112. What cannot be read is upright.
func orientation(head []byte) int {
	if !bytes.HasPrefix(head, []byte{0xff, 0xd8}) {
		return 1
	}
	for at := 2; at+4 <= len(head) && head[at] == 0xff; {
		marker, length := head[at+1], int(binary.BigEndian.Uint16(head[at+2:]))
		end := at + 2 + length
		if length < 2 || end > len(head) {
			return 1
		}
		if segment := head[at+4 : end]; marker == 0xe1 && bytes.HasPrefix(segment, []byte("Exif\x00\x00")) {
			return tiffOrientation(segment[6:])
		}
		at = end
	}
	return 1
}

// tiffOrientation looks through the first directory of a TIFF header.
func tiffOrientation(tiff []byte) int {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(tiff, []byte("II*\x00")):
		order = binary.LittleEndian
	case bytes.HasPrefix(tiff, []byte("MM\x00*")):
		order = binary.BigEndian
	default:
		return 1
	}
	if len(tiff) < 8 {
		return 1
	}
	directory := int64(order.Uint32(tiff[4:]))
	if directory+2 > int64(len(tiff)) {
		return 1
	}
	entries := tiff[directory+2:]
	for range order.Uint16(tiff[directory:]) {
		if len(entries) < 12 {
			return 1
		}
		if order.Uint16(entries) == 0x0112 {
			if turned := int(order.Uint16(entries[8:])); turned >= 1 && turned <= 8 {
				return turned
			}
			return 1
		}
		entries = entries[12:]
	}
	return 1
}
