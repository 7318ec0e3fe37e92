package access

// Nobody is the hash that VerifyNothing compares with.
var Nobody = NoPassword

// Slots is how many hashes may be computed at once.
func Slots() int { return cap(slots) }

// Busy is how many are being computed.
func Busy() int { return len(slots) }

// CommonPasswords lists those of the refused passwords that are long enough to
// be refused for being common alone.
func CommonPasswords() []string {
	var all []string
	for p := range common {
		all = append(all, p)
	}
	for s := range stems {
		for t := range tails {
			if len(s+t) >= minPassword {
				all = append(all, s+t)
			}
		}
	}
	return all
}
