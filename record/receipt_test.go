package record

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestNewReceiptIsSound(t *testing.T) {
	evening := time.Date(2026, 3, 4, 17, 0, 0, 0, time.UTC) // 2026-03-05 01:00 in Shanghai
	seen := map[string]bool{}
	for range 200 {
		number, err := NewReceipt(evening, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if len(number) != 19 || !strings.HasPrefix(number, "20260305-") || ReceiptProblem(number) != "" || seen[number] {
			t.Errorf("%s: %s", number, ReceiptProblem(number))
		}
		seen[number] = true
	}
}

func TestNewReceiptNeedsRandomness(t *testing.T) {
	if _, err := NewReceipt(time.Now(), bytes.NewReader([]byte{1, 2, 3})); err == nil {
		t.Error("nine characters from three bytes")
	}
	broken := errors.New("broken")
	if _, err := NewReceipt(time.Now(), iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("the reader's error is lost: %v", err)
	}
	// Bytes from 253 up would favour some characters and are drawn again.
	number, err := NewReceipt(time.Now(), bytes.NewReader([]byte{255, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 22}))
	if err != nil || number[9:18] != "AAAAAAAAY" {
		t.Errorf("%s, %v", number, err)
	}
	if _, err := NewReceipt(time.Date(12345, 1, 1, 0, 0, 0, 0, time.UTC), rand.Reader); err == nil {
		t.Error("a year of five digits fits")
	}
}

func TestTheReceiptAlphabetHasNoLookAlikes(t *testing.T) {
	if strings.ContainsAny(receiptAlphabet, "0O1IL2Z5S8BUV") || len(receiptAlphabet) != 23 {
		t.Errorf("alphabet %s", receiptAlphabet)
	}
	for i, c := range receiptAlphabet {
		if c >= '0' && c <= '9' && int(c-'0') != i {
			t.Errorf("%c stands at %d, not at its own value", c, i)
		}
	}
}

func TestEveryWrongCharacterAndExchangeInAReceiptIsFound(t *testing.T) {
	for range 50 {
		number, err := NewReceipt(time.Date(2026, 12, 31, 12, 0, 0, 0, Shanghai), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		for i := range number {
			for _, c := range "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-" {
				if wrong := number[:i] + string(c) + number[i+1:]; wrong != number && ReceiptProblem(wrong) == "" {
					t.Errorf("%s passes for %s", wrong, number)
				}
			}
			for j := range i {
				exchanged := []byte(number)
				exchanged[i], exchanged[j] = exchanged[j], exchanged[i]
				if string(exchanged) != number && ReceiptProblem(string(exchanged)) == "" {
					t.Errorf("%s passes for %s", exchanged, number)
				}
			}
		}
	}
}

func TestReceiptProblemSaysHowToMendIt(t *testing.T) {
	sound := "20260305-7KQ3WX4NP9"
	if got := ReceiptProblem(sound); got != "" {
		t.Fatalf("the example in the message: %s", got)
	}
	for s, says := range map[string]string{
		"":                                 "回执号由",
		"20260305":                         "回执号由",
		strings.ReplaceAll(sound, "-", ""): "回执号由",
		sound + "A":                        "回执号由",
		sound[:18] + "O":                   "没有「O」",
		sound[:18] + "中":                   "没有「中」",
		strings.ToLower(sound):             "没有「k」",
		"20261305" + sound[8:]:             "不是日期",
		sound[:17] + sound[18:] + "A":      "有误",
	} {
		if got := ReceiptProblem(s); !strings.Contains(got, says) || got == "" {
			t.Errorf("%q says %q, want %q", s, got, says)
		}
	}
}
