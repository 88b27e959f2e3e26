"""The demo page; `zoo.demo.page` needs `keras-gan-zoo[demo]`."""
