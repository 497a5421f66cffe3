"""Runs real az for each line of standard input, a JSON list of arguments, and prints what came of it as JSON.

Each call is a process of its own, forked after az's modules were loaded: that takes a tenth of az's usual time.
"""
import io
import json
import os
import runpy
import sys
import traceback

import azure.cli.core
import azure.cli.core._profile
import azure.cli.core.auth.identity
import azure.cli.core.command_recommender
import azure.cli.core.extension.dynamic_install
import azure.cli.core.parser
import jmespath
import knack.output
import msal


def az(args, out, err):
    """Runs az in this process, which ends with it."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), encoding="utf-8")
    sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", closefd=False), encoding="utf-8", line_buffering=True)
    sys.argv = ["az"] + args
    code = 0
    try:
        runpy.run_module("azure.cli", run_name="__main__")
    except SystemExit as e:
        code = e.code if isinstance(e.code, int) else int(e.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):  # newer az keeps those of its first import
        stream.flush()
    os._exit(code)


for line in sys.stdin:
    read_out, out = os.pipe()
    read_err, err = os.pipe()
    pid = os.fork()
    if pid == 0:
        az(json.loads(line), out, err)
    os.close(out)
    os.close(err)
    result = {"out": os.fdopen(read_out, "rb").read().decode(), "err": os.fdopen(read_err, "rb").read().decode()}
    result["code"] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    print(json.dumps(result), flush=True)
