// Closes the window when the person has had time to read what became of it.
setTimeout(() => window.close(), 1500);
