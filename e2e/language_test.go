package e2e

import (
	"testing"

	"unireg/record/sample"
)

// B24: a person reads the portal in English from the first page on; scripts and
// problems follow, and the way back is one button.
func TestB24_English(t *testing.T) {
	t.Parallel()
	p := newPerson(t, theSystem(t))
	p.open("/")
	p.follow("English")
	p.sees("Online service hall", "Unified social credit code")
	p.followNth("Log in", 1)
	p.press("Show")
	p.sees("Hide")

	p.open("/register")
	p.tick("Type of registration", "Organization")
	p.fill("Code or document number", "91430100")
	p.follow("Next step")
	p.sees("A unified social credit code has 18 characters, this one has 8")
	p.fill("Code or document number", sample.CreditCode(nextNumber()))
	p.follow("Next step")
	p.fill("Full name of the organization", "Sample Works Ltd.")
	p.fill("New password", password)
	p.fill("Password again", password)
	p.follow("Register and log in")
	p.sees("You are registered", "Sample Works Ltd.")

	p.open("/home")
	p.sees("Fill in basic information", "Trading open to you")
	p.press("Sample Works Ltd.")
	p.follow("中文")
	p.sees("填写基本信息")
}
