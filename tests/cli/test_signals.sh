#!/bin/bash
# Trainings that signals end at random moments are resumed to the same bits: twice for each signal.
exec "${VAE_TEST_PYTHON:-python3}" scripts/check-signals 2
