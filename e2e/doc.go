// Package e2e tests the whole as those meet it who use it: the built program
// runs as processes, on a database, a bucket and a Temporal namespace of its
// own, and people open it in Chromium. A step of a test is what a person does
// or sees (person_test.go): fill what stands beside a label, press what bears a
// word, read a sentence. Every page that is met on the way is inspected for
// accessibility and for its width on a telephone (inspect_test.go). What only
// a fault shows is tested by programs that post like a browser while the parts
// are cut off, stopped and killed (fault_test.go).
//
// The servers come from the environment, as for package storagetest: run
// `make test`. Chromium is found in the PATH, or named by UNIREG_TEST_CHROMIUM.
package e2e
