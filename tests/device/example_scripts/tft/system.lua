-- What happens is told on the console.

os.loglevel(os.LOG_INFO)
os.logcons(true)
