# scripts/check-models on a few models: every command opens what trained, whatever the names of its files.
exec python3 scripts/check-models 6 --seed 500 --jobs 2
