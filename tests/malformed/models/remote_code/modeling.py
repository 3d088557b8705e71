raise SystemExit("this code was run")
