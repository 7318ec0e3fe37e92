package record

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// receiptAlphabet holds the characters of a receipt number's second part in the
// order of their values. 0 O 1 I L 2 Z 5 S 8 B U V are left out because one
// passes for another in print or on the phone. There are 23, a prime, which lets
// one check character find every single wrong character and every exchange of
// two; the digits stand at their own value, so that the date takes part.
const receiptAlphabet = "ACD34E67F9GHJKMNPQRTWXY"

const (
	receiptDate   = 8  // yyyymmdd
	receiptSerial = 10 // random characters and the check character
)

// NewReceipt makes a receipt number, such as 20260305-7KQ3WX4NP9: the day in
// Shanghai, a hyphen, nine random characters and a check character. random is a
// source of bytes, crypto/rand in the product: the number is no secret, but
// nobody should guess the next one.
func NewReceipt(at time.Time, random io.Reader) (string, error) {
	number := []byte(at.In(Shanghai).Format("20060102") + "-")
	if len(number) != receiptDate+1 {
		return "", fmt.Errorf("receipt number: no four-digit year in %s", at)
	}
	var drawn [1]byte
	for len(number) < receiptDate+receiptSerial {
		if _, err := io.ReadFull(random, drawn[:]); err != nil {
			return "", fmt.Errorf("receipt number: %w", err)
		}
		// A multiple of 23 below 256 keeps all characters equally likely.
		if n := len(receiptAlphabet); int(drawn[0]) < 256/n*n {
			number = append(number, receiptAlphabet[int(drawn[0])%n])
		}
	}
	// The check character has weight 18, whose inverse mod 23 is 9.
	check := (len(receiptAlphabet) - receiptSum(string(number))) * 9 % len(receiptAlphabet)
	return string(number) + receiptAlphabet[check:check+1], nil
}

// ReceiptProblem judges a receipt number that a person typed: "" when it may
// exist, otherwise a Chinese sentence that says how to mend it.
func ReceiptProblem(s string) string {
	date, serial, ok := strings.Cut(s, "-")
	if !ok || len(date) != receiptDate || !allDigits(date) || len([]rune(serial)) != receiptSerial {
		return "回执号由 8 位日期、短横线和 10 位字符组成，例如 20260305-7KQ3WX4NP9"
	}
	for _, r := range serial {
		if !strings.ContainsRune(receiptAlphabet, r) {
			return fmt.Sprintf("回执号的后 10 位中没有「%c」，请对照回执核对", r)
		}
	}
	if _, err := time.Parse("20060102", date); err != nil {
		return "回执号的前 8 位不是日期，请对照回执核对"
	}
	if receiptSum(s) != 0 {
		return "回执号有误，请对照回执逐位核对"
	}
	return ""
}

// receiptSum is the weighted sum, mod 23, of a number's digits and characters;
// it is 0 for a sound one. The weights 1 to 18 differ and none is 0 mod 23.
func receiptSum(number string) int {
	sum, weight := 0, 0
	for _, c := range []byte(number) {
		if c == '-' {
			continue
		}
		weight++
		value := strings.IndexByte(receiptAlphabet, c)
		if weight <= receiptDate {
			value = int(c - '0')
		}
		sum += weight * value
	}
	return sum % len(receiptAlphabet)
}
